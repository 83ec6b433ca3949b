# The same without make: ./dev run, ./dev test, …

.PHONY: run test lint format lock

run test lint format lock:
	@./dev $@
