package githost

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

func (h *Host) authorized(r *http.Request) bool {
	if h.cfg.Username == "" && h.cfg.BearerToken == "" {
		return true
	}
	if user, password, ok := r.BasicAuth(); ok {
		// Both are always compared, so that time tells nothing about either.
		match := equal(user, h.cfg.Username) & equal(password, h.cfg.Password)
		return h.cfg.Username != "" && match == 1
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return h.cfg.BearerToken != "" && strings.EqualFold(scheme, "Bearer") && equal(token, h.cfg.BearerToken) == 1
}

// equal compares digests, so that the time taken does not depend on the length either.
func equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

func (h *Host) challenge(w http.ResponseWriter) {
	if h.cfg.Username != "" {
		w.Header().Add("WWW-Authenticate", `Basic realm="git", charset="UTF-8"`)
	}
	if h.cfg.BearerToken != "" {
		w.Header().Add("WWW-Authenticate", `Bearer realm="git"`)
	}
	http.Error(w, "authentication required", http.StatusUnauthorized)
}
