"""The only wiring: settings and adapters become `Services`, and something runs the steps."""
