package service

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Settings is all that a component is told from outside, read once at start.
type Settings struct {
	Component string
	Identity  Identity
	// Address is host:port to listen on; an empty host means all addresses.
	Address string
	// Drain is how long to serve on after being told to stop, at most maxDrain.
	Drain time.Duration

	// Where the other components answer; lb may spread over several proxies.
	Proxies         []*url.URL
	Shop, Cart, API *url.URL
	// OrdersStore is http://host:port/database.
	OrdersStore *url.URL
	OrdersDir   string

	// Environment names the outside world, PaymentMode is none, test or live.
	Environment string
	PaymentMode string

	// Crash and ErrorRate (0 to 1) are the fault switches.
	Crash     bool
	ErrorRate float64

	Log *slog.Logger
	Now func() time.Time
}

const maxDrain = 2 * time.Second

// ReadSettings reads the environment variables of a component. The error names
// every variable that is wrong.
func ReadSettings(component string, getenv func(string) string) (Settings, error) {
	r := reader{getenv: getenv}
	crash := r.text("FAULT_CRASH", "false")
	s := Settings{
		Component:   component,
		Identity:    Identity{ShopSet: r.text("SHOPSET", "none"), Release: r.text("RELEASE", "unknown")},
		Address:     net.JoinHostPort(getenv("SANDBOX_BIND_ADDRESS"), r.text("PORT", "8080")),
		Drain:       r.duration("DRAIN", "1s", maxDrain),
		Proxies:     r.urls("PROXY_URL", "http://proxy:8080"),
		Shop:        r.url("SHOP_URL", "http://shop:8080"),
		Cart:        r.url("CART_URL", "http://cart:8080"),
		API:         r.url("API_URL", "http://api:8080"),
		OrdersStore: r.url("ORDERS_STORE", "http://orders:8080/dev"),
		OrdersDir:   r.text("ORDERS_DIR", "/var/lib/storefront/orders"),
		Environment: r.text("ENVIRONMENT", "dev"),
		PaymentMode: r.oneOf("PAYMENT_MODE", "none", "test", "live"),
		Crash:       crash == "true" || crash == component,
		ErrorRate:   r.rate("FAULT_ERROR_RATE"),
		Now:         time.Now,
	}
	return s, errors.Join(r.wrong...)
}

// reader collects what is wrong, so that one start shows it all.
type reader struct {
	getenv func(string) string
	wrong  []error
}

func (r *reader) text(name, fallback string) string {
	return cmp.Or(r.getenv(name), fallback)
}

func (r *reader) urls(name, fallback string) []*url.URL {
	var urls []*url.URL
	for part := range strings.SplitSeq(r.text(name, fallback), ",") {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			r.wrong = append(r.wrong, fmt.Errorf("%s=%q is not an http URL", name, part))
			continue
		}
		urls = append(urls, u)
	}
	return urls
}

func (r *reader) url(name, fallback string) *url.URL {
	urls := r.urls(name, fallback)
	if len(urls) != 1 {
		r.wrong = append(r.wrong, fmt.Errorf("%s must be one URL", name))
		return nil
	}
	return urls[0]
}

// oneOf takes the first of the allowed values when the variable is unset.
func (r *reader) oneOf(name string, allowed ...string) string {
	value := r.text(name, allowed[0])
	for _, a := range allowed {
		if value == a {
			return value
		}
	}
	r.wrong = append(r.wrong, fmt.Errorf("%s=%q is none of %s", name, value, strings.Join(allowed, ", ")))
	return ""
}

func (r *reader) duration(name, fallback string, most time.Duration) time.Duration {
	d, err := time.ParseDuration(r.text(name, fallback))
	if err != nil || d < 0 || d > most {
		r.wrong = append(r.wrong, fmt.Errorf("%s=%q is not a duration of 0s to %s", name, r.getenv(name), most))
	}
	return d
}

func (r *reader) rate(name string) float64 {
	rate, err := strconv.ParseFloat(r.text(name, "0"), 64)
	if err != nil || !(rate >= 0 && rate <= 1) {
		r.wrong = append(r.wrong, fmt.Errorf("%s=%q is not a number from 0 to 1", name, r.getenv(name)))
	}
	return rate
}
