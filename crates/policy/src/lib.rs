//! IAM policy documents: parse, match, evaluate
