//! Listener, request pipeline, audit, background jobs
