//! Rows in, rows out, inside a transaction: one SQL text for SQLite and PostgreSQL, and its migrations
