//! REST under /v1, the registry, metrics, and the page.
