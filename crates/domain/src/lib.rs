//! What each operation does, for every service
