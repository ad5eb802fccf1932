"""The market in motion: owns the state and steps it; waits only on the clock and on queues."""
