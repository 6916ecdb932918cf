package caddyedge

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Lines of the access log leave the process together: a system call for each request is what a
// busy edge would notice.
const (
	accessBuffer = 64 << 10
	accessDelay  = 200 * time.Millisecond
)

// accessLog writes a JSON object for each request, at most accessDelay late. It is safe for
// concurrent use; nil writes nothing. It is made by hand because the logger behind Caddy takes
// longer for a line than all else that the edge adds to a request.
type accessLog struct {
	mu     sync.Mutex
	to     io.Writer
	buffer *bufio.Writer
	close  chan struct{}
	closed chan struct{}
}

func newAccessLog(to io.Writer) *accessLog {
	l := &accessLog{to: to, buffer: bufio.NewWriterSize(to, accessBuffer), close: make(chan struct{}), closed: make(chan struct{})}
	go l.flushNowAndThen()
	return l
}

// entry of the access log. It leaves out the query and all headers: they may hold what is
// nobody's business.
type entry struct {
	at                          time.Time
	took                        time.Duration
	request                     *http.Request
	client                      string
	status                      int
	bytes                       int64
	shop, class, group, shopSet string
	retries                     int
	err                         string
}

func (l *accessLog) write(e *entry) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.buffer.Write(e.append(l.buffer.AvailableBuffer())) // a log that cannot be written harms no request
}

func (e *entry) append(b []byte) []byte {
	b = append(b, `{"ts":"`...)
	b = e.at.UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, '"')
	b = appendText(b, "host", e.request.Host)
	b = appendText(b, "method", e.request.Method)
	b = appendText(b, "path", e.request.URL.Path)
	b = appendText(b, "proto", e.request.Proto)
	b = appendText(b, "client", e.client)
	b = strconv.AppendInt(appendKey(b, "status"), int64(e.status), 10)
	b = strconv.AppendInt(appendKey(b, "bytes"), e.bytes, 10)
	b = strconv.AppendFloat(appendKey(b, "latency"), e.took.Seconds(), 'f', 6, 64)
	if e.shop != "" {
		b = appendText(b, "shop", e.shop)
		b = appendText(b, "class", e.class)
		b = appendText(b, "group", e.group)
		b = appendText(b, "shopset", e.shopSet)
		b = strconv.AppendInt(appendKey(b, "retries"), int64(e.retries), 10)
	}
	if trace, ok := caddyhttp.GetVar(e.request.Context(), "trace_id").(string); ok {
		b = appendText(b, "trace", trace)
	}
	if e.err != "" {
		b = appendText(b, "error", e.err)
	}
	return append(b, "}\n"...)
}

func appendKey(b []byte, key string) []byte {
	b = append(b, `,"`...)
	b = append(b, key...)
	return append(b, `":`...)
}

func appendText(b []byte, key, text string) []byte {
	b = appendKey(b, key)
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(text) // a string always has one
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}

func (l *accessLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.buffer.Flush() != nil {
		l.buffer.Reset(l.to) // one line that could not be written must not keep out all that follow
	}
}

func (l *accessLog) flushNowAndThen() {
	defer close(l.closed)
	ticker := time.NewTicker(accessDelay)
	defer ticker.Stop()
	for {
		select {
		case <-l.close:
			l.flush()
			return
		case <-ticker.C:
			l.flush()
		}
	}
}

// Close writes what is left.
func (l *accessLog) Close() {
	if l != nil {
		close(l.close)
		<-l.closed
	}
}
