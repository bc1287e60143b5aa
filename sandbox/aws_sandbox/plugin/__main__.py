"""`python -m aws_sandbox.plugin ENGINE_ADDRESS`: what the engine starts for each provider."""

from aws_sandbox.plugin.serve import main

if __name__ == "__main__":
    main()
