"""The simulated market in the vendor's dialect, REST and stream on one port; `server` puts the parts together."""
