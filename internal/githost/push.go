package githost

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// pushLog names the variable in which the post-receive hook finds the file to
// write its lines to. One file per request keeps concurrent pushes apart.
const pushLog = "GITHOST_PUSH_LOG"

const hookScript = `#!/bin/sh
# Tells the Git host which refs a push changed.
if [ -n "$` + pushLog + `" ]; then exec cat >"$` + pushLog + `"; fi
exec cat >/dev/null
`

func installHook(dir string) error {
	hooks := filepath.Join(dir, "hooks")
	if err := os.MkdirAll(hooks, 0o755); err != nil {
		return fmt.Errorf("installing the post-receive hook: %w", err)
	}
	path := filepath.Join(hooks, "post-receive")
	if old, err := os.ReadFile(path); err == nil && string(old) == hookScript {
		return nil
	}
	// Renamed into place, so that a push in progress finds the whole of it.
	made := path + ".new"
	if err := os.WriteFile(made, []byte(hookScript), 0o755); err != nil {
		return fmt.Errorf("installing the post-receive hook: %w", err)
	}
	if err := os.Rename(made, path); err != nil {
		return fmt.Errorf("installing the post-receive hook: %w", err)
	}
	return nil
}

// receive serves a push and then tells the hook what it changed.
func (h *Host) receive(w http.ResponseWriter, r *http.Request, name string) {
	dir, err := os.MkdirTemp("", "githost-push-")
	if err != nil {
		http.Error(w, "no space for the push log", http.StatusInternalServerError)
		return
	}
	defer os.RemoveAll(dir)
	log := filepath.Join(dir, "log")
	h.serveBackend(w, r, pushLog+"="+log)
	for _, push := range readPushes(log, name) {
		h.cfg.Hook(push)
	}
}

// readPushes parses lines of "<old> <new> <ref>". No file means that no ref changed.
func readPushes(path, name string) []Push {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	var pushes []Push
	for lines := bufio.NewScanner(file); lines.Scan(); {
		fields := strings.SplitN(lines.Text(), " ", 3)
		if len(fields) == 3 {
			pushes = append(pushes, Push{Repository: name, Old: fields[0], New: fields[1], Ref: fields[2]})
		}
	}
	return pushes
}
