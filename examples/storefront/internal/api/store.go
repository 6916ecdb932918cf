package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"example.shop/storefront/internal/contract"
	"example.shop/storefront/internal/service"
)

const (
	// storePatience is how long a checkout waits for an orders store that does
	// not answer: it is a single process, and a release restarts it.
	storePatience = 8 * time.Second
	storeRetry    = 200 * time.Millisecond
)

// store is the orders store as api sees it.
type store struct {
	url    *url.URL
	client *service.Client
}

// put stores an order, trying again while the store does not answer. An order
// with the same id may be there already: then that one is returned.
func (s store) put(ctx context.Context, order contract.Order) (contract.Order, error) {
	ctx, cancel := context.WithTimeout(ctx, storePatience)
	defer cancel()
	for {
		var stored contract.Order
		_, err := s.client.Do(ctx, service.Call{
			Method: http.MethodPut, Base: s.url, Path: []string{"orders", order.ID}, Key: order.ID, In: order, Out: &stored,
		})
		if err == nil || !awaitable(err) {
			return stored, err
		}
		select {
		case <-ctx.Done():
			return stored, err
		case <-time.After(storeRetry):
		}
	}
}

func (s store) get(ctx context.Context, id string) (order contract.Order, err error) {
	if !contract.ValidID(id) {
		return order, &service.StatusError{Status: http.StatusNotFound, Message: "no such order"}
	}
	_, err = s.client.Do(ctx, service.Call{Method: http.MethodGet, Base: s.url, Path: []string{"orders", id}, Out: &order})
	return order, err
}

// awaitable reports whether err may be over in a moment: nobody answered, or a
// gateway on the way said so.
func awaitable(err error) bool {
	status := new(service.StatusError)
	if !errors.As(err, &status) {
		return true
	}
	switch status.Status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}
