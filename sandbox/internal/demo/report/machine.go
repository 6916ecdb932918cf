package report

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is what the demo ran on.
type Machine struct {
	OS           string `json:"os"`
	Architecture string `json:"architecture"`
	CPUs         int    `json:"cpus"`
	// MemoryGiB is all there is; zero where the system does not say.
	MemoryGiB float64 `json:"memoryGiB,omitempty"`
	// Load is the number of busy processes in the minute before the start; nothing where the
	// system does not say.
	Load string `json:"loadAtStart,omitempty"`
}

// ThisMachine describes the machine that runs this program.
func ThisMachine() Machine {
	m := Machine{OS: runtime.GOOS, Architecture: runtime.GOARCH, CPUs: runtime.NumCPU()}
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		m.MemoryGiB = memory(string(data))
	}
	if data, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(data), " ")
	}
	return m
}

// memory reads MemTotal, which is in KiB.
func memory(meminfo string) float64 {
	for line := range strings.SplitSeq(meminfo, "\n") {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "MemTotal:" {
			if kib, err := strconv.ParseFloat(fields[1], 64); err == nil {
				return float64(int(kib/(1<<20)*10)) / 10
			}
		}
	}
	return 0
}
