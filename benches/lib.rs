//! Measurements of placement, verification and import; see `benches/README.md`.
