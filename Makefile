# The same without make: ./dev run, ./dev test, …

.PHONY: run test lint format screenshots lock

run test lint format screenshots lock:
	@./dev $@
