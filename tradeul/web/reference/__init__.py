"""What strangers read: the documents of the HTTP API and of the live protocol, and the page made from both."""
