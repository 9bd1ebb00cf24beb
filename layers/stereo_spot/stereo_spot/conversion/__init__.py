"""The conversion: one step, one module, one function; steps never call each other."""
