"""What is loaded in the background: by the hour of New York, or when somebody asks for it."""
