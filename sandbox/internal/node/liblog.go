package node

import (
	"fmt"
	"log/slog"
	"slices"

	vklog "github.com/virtual-kubelet/virtual-kubelet/log"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// libraryLog passes the library's log on, one level lower: it informs about its own
// queues, warns of what is normal, and calls an error what it tries again.
type libraryLog struct {
	log *slog.Logger
	// conflict: the error is that somebody else wrote first, as happens.
	conflict bool
}

var _ vklog.Logger = libraryLog{}

func (l libraryLog) Debug(...any)              {}
func (l libraryLog) Debugf(string, ...any)     {}
func (l libraryLog) Info(args ...any)          { l.log.Debug(fmt.Sprint(args...)) }
func (l libraryLog) Warn(args ...any)          { l.log.Debug(fmt.Sprint(args...)) }
func (l libraryLog) Fatal(args ...any)         { l.log.Error(fmt.Sprint(args...)) }
func (l libraryLog) Infof(f string, a ...any)  { l.Info(fmt.Sprintf(f, a...)) }
func (l libraryLog) Warnf(f string, a ...any)  { l.Warn(fmt.Sprintf(f, a...)) }
func (l libraryLog) Errorf(f string, a ...any) { l.Error(fmt.Sprintf(f, a...)) }
func (l libraryLog) Fatalf(f string, a ...any) { l.Fatal(fmt.Sprintf(f, a...)) }

func (l libraryLog) Error(args ...any) {
	if l.conflict {
		l.log.Debug(fmt.Sprint(args...))
		return
	}
	l.log.Warn(fmt.Sprint(args...))
}

func (l libraryLog) WithField(name string, value any) vklog.Logger {
	return libraryLog{l.log.With(name, value), l.conflict}
}

func (l libraryLog) WithFields(fields vklog.Fields) vklog.Logger {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	log := l.log
	for _, name := range names {
		log = log.With(name, fields[name])
	}
	return libraryLog{log, l.conflict}
}

// WithError leaves out the stack that the library's errors would print.
func (l libraryLog) WithError(err error) vklog.Logger {
	if err == nil {
		return l
	}
	return libraryLog{l.log.With("error", err.Error()), l.conflict || apierrors.IsConflict(err)}
}
