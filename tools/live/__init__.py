"""The lessons in a browser: JupyterLite, and Python itself. Nothing is installed."""
