//! What people see: templates, stylesheet and message catalogue.
