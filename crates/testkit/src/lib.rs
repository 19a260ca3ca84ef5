//! A running server and SDK clients for tests; never shipped
