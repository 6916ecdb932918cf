package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// ReadJSON fills out from the request's body. Its error is a *StatusError of
// 400 or 413.
func ReadJSON(r *http.Request, out any) error {
	err := json.NewDecoder(r.Body).Decode(out)
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return &StatusError{Status: http.StatusRequestEntityTooLarge, Message: "body too large"}
	}
	if err != nil {
		return &StatusError{Status: http.StatusBadRequest, Message: fmt.Sprintf("body is not the JSON expected: %v", err)}
	}
	return nil
}

// WriteJSON answers with status and v.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(data, '\n'))
}

// WriteError answers with the status of a *StatusError, or 503 for any other
// error: then another component did not answer.
func WriteError(w http.ResponseWriter, err error) {
	if status := new(StatusError); errors.As(err, &status) {
		http.Error(w, status.Message, status.Status)
		return
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}
