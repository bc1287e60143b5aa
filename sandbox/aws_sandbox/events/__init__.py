"""What carries events through the deployed resources inside the sandbox's daemon."""
