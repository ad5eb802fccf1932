"""A market in a box that speaks the vendor's dialect over loopback."""
