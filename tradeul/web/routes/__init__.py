"""What can be asked for, one module per subject; each offers its routes to `server`."""
