"""An AWS that fits on this machine: it stands in for AWS, and nothing deployed knows of it."""
