//! Clean topics to SQL copies.

#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sqlite;

use events::topics::Product;

/// The topics that a copy is made of.
pub const PRODUCTS: [Product; 3] = [Product::Organization, Product::Location, Product::Service];
