//! The AWS API as data: generated shapes, error tables, JSON 1.1 and Query codecs, SigV4 verification
