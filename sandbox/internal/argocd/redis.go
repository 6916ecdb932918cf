package argocd

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"k8s.io/utils/clock"
)

// redisTick is how often keys expire: miniredis has no clock of its own.
const redisTick = 5 * time.Second

// StartRedis serves an in-memory Redis on 127.0.0.1 until the context ends.
func StartRedis(ctx context.Context, clk clock.WithTicker, port int, password string) error {
	redis := miniredis.NewMiniRedis()
	redis.RequireAuth(password)
	if err := redis.StartAddr(loopback(port)); err != nil {
		return fmt.Errorf("starting Redis for Argo CD: %w", err)
	}
	go func() {
		defer redis.Close()
		ticker := clk.NewTicker(redisTick)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C():
				redis.FastForward(redisTick)
			}
		}
	}()
	return nil
}

// NewRedisPassword makes a password; it need not outlive the Redis.
func NewRedisPassword() string { return rand.Text() }
