"""What a host decides about metadata: functions and data, no I/O, no clock, no random source."""
