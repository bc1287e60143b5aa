"""`python -m aws_sandbox.plugin ENGINE_ADDRESS`: what the engine starts for each provider."""

from aws_sandbox.plugin.processes import leave_with_parent, serve

if __name__ == "__main__":
    leave_with_parent()
    serve()
