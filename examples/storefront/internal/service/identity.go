package service

import "net/http"

// Headers that tell which ShopSet and release produced a response.
const (
	HeaderShopSet = "X-Shopset"
	HeaderRelease = "X-Shopset-Release"
)

// Identity says who answers: the ShopSet ("none" outside of one) and the
// release ("unknown" when nobody said).
type Identity struct {
	ShopSet string
	Release string
}

// Recorder is a ResponseWriter that notes status and size. It adds the identity
// headers when the status goes out and only if they are missing: a response
// passed on from another component keeps the identity of the one that made it.
type Recorder struct {
	http.ResponseWriter
	Identity Identity
	Status   int
	Bytes    int64
}

func (w *Recorder) WriteHeader(status int) {
	if status >= http.StatusOK && w.Status == 0 {
		w.Status = status
		w.identify(HeaderShopSet, w.Identity.ShopSet)
		w.identify(HeaderRelease, w.Identity.Release)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *Recorder) Write(p []byte) (int, error) {
	if w.Status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.Bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach Flush and the deadlines.
func (w *Recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *Recorder) identify(name, value string) {
	if value != "" && w.Header().Get(name) == "" {
		w.Header().Set(name, value)
	}
}
