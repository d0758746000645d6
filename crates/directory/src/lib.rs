//! Users, tenants, groups and password policy: types, rules and ports, without IO.
