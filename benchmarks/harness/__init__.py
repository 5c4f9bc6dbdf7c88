"""What all results share: their form, the folders they use, how they are measured, kept and shown."""
