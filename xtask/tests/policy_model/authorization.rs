//! The model, as the builders of the vectors have it.

#[path = "../../src/vectors/authorization/encode.rs"]
pub(crate) mod encode;
#[path = "../../src/vectors/authorization/facts.rs"]
pub(crate) mod facts;
#[path = "../../src/vectors/authorization/model.rs"]
pub(crate) mod model;
#[path = "../../src/vectors/authorization/table.rs"]
pub(crate) mod table;
