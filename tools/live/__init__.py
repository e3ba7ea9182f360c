"""The lessons in a browser: JupyterLite, and Python itself compiled for it. Nothing is installed."""
