package exit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"shopset.dev/shopset/internal/cli/exit"
)

func TestReport(t *testing.T) {
	tests := map[string]struct {
		err  error
		code exit.Code
		text string
	}{
		"success says nothing":         {nil, exit.OK, ""},
		"any error is a failure":       {errors.New("no such file"), exit.Failure, "Error: no such file\n"},
		"a wrong flag is usage":        {exit.Usagef("flag %s", "-x"), exit.Usage, "Error: flag -x\n"},
		"a bad answer is no error":     {exit.Unhealthyf("tier prod is Degraded"), exit.Unhealthy, "tier prod is Degraded\n"},
		"time ran out":                 {fmt.Errorf("asking: %w", context.DeadlineExceeded), exit.Timeout, "Error: asking: context deadline exceeded\n"},
		"the next command stands last": {exit.Next(errors.New("no Fleet"), "kubectl get fleets -A"), exit.Failure, "Error: no Fleet\nNext:  kubectl get fleets -A\n"},
		"a next command keeps the code": {exit.Next(fmt.Errorf("asking: %w", context.DeadlineExceeded), "kubectl cluster-info"),
			exit.Timeout, "Error: asking: context deadline exceeded\nNext:  kubectl cluster-info\n"},
		"wrapping keeps code and next": {fmt.Errorf("rendering: %w", exit.Next(exit.Usagef("no file"), "shopctl render --help")),
			exit.Usage, "Error: rendering: no file\nNext:  shopctl render --help\n"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if code := exit.Report(&b, tc.err); code != tc.code || b.String() != tc.text {
				t.Errorf("got %d and %q, want %d and %q", code, b.String(), tc.code, tc.text)
			}
		})
	}
}
