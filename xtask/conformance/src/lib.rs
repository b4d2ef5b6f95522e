#![doc = include_str!("../README.md")]

pub mod backend;
pub mod html;
pub mod json;
pub mod report;
pub mod suite;
pub mod text;
