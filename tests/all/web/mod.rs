//! The catalogue's API over real HTTP, on the embedded bucket and table.

mod access;
mod bounded;
mod described;
mod function;
mod hostile;
mod paging;
mod photos;
mod site;
mod words;
