package probe

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Watch probes target until ctx is done or report returns false. It reports every
// verdict, with the error of the last check when that was bad.
func Watch(ctx context.Context, probe *corev1.Probe, target Target, report func(Verdict, error) bool) {
	if !pause(ctx, time.Duration(probe.InitialDelaySeconds)*time.Second) {
		return
	}
	counter := Counter{Successes: probe.SuccessThreshold, Failures: failureThreshold(probe)}
	ticker := time.NewTicker(seconds(probe.PeriodSeconds, 10))
	defer ticker.Stop()
	for {
		err := checkWithin(ctx, probe, target)
		if ctx.Err() != nil {
			return
		}
		if !report(counter.Add(err == nil), err) {
			return
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func checkWithin(ctx context.Context, probe *corev1.Probe, target Target) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout(probe))
	defer cancel()
	return Check(ctx, probe.ProbeHandler, target)
}

func failureThreshold(probe *corev1.Probe) int32 {
	if probe.FailureThreshold <= 0 {
		return 3
	}
	return probe.FailureThreshold
}

func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
