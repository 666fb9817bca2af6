//! Clean topics to SQL copies.
