//! What a source looks like and how its rows become accounts, as data.
