"""The market's laws: pure values in, pure values out."""
