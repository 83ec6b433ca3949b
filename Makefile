# The same without make: ./dev run, ./dev test, …

.PHONY: run test torture lint format screenshots profile audit lock

run test torture lint format screenshots profile audit lock:
	@./dev $@
