//go:build unix

package caddyedge

import (
	"errors"
	"syscall"
)

// alive is false if the kernel knows that the other side has closed the connection. Go's transport
// learns it from a goroutine that may not have run yet; a request that cannot be repeated should
// not be written into that gap.
func (c *countedConn) alive() bool {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var peeked error
	var n int
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		n, _, peeked = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	if err != nil {
		return false
	}
	// Bytes that nobody asked for are no better than the end.
	return n <= 0 && (errors.Is(peeked, syscall.EAGAIN) || errors.Is(peeked, syscall.EINTR))
}
