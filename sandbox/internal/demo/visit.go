package demo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"shopset.dev/shopset/sandbox/internal/demo/load"
	"shopset.dev/shopset/sandbox/internal/state"
)

const (
	// visitors is how many shoppers look at the shops at the same time, to see that each is there.
	visitors = 16
	// secureEvery is how many shops there are for each that is visited over HTTPS as well.
	secureEvery = 50
)

// visitAll looks at the front page of every shop through every edge, and at some over HTTPS.
func (d *demo) visitAll(ctx context.Context) error {
	pool, err := certificates(d.street.ca)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: visitors}}
	var mu sync.Mutex
	var failed []string
	var all sync.WaitGroup
	places := make(chan struct{}, visitors)
	visits := 0
	for i, shop := range d.street.shops {
		for _, e := range d.street.edges {
			secure := i%secureEvery == 0
			visits++
			places <- struct{}{}
			all.Go(func() {
				defer func() { <-places }()
				problem := d.look(ctx, client, e.HTTP()+"/", shop)
				if problem == nil && secure {
					problem = d.look(ctx, secureClient(e, pool), fmt.Sprintf("https://%s:%d/", shop.Host, e.Ports.HTTPS), shop)
				}
				if problem != nil {
					mu.Lock()
					failed = append(failed, fmt.Sprintf("%s through %s: %s", shop.Host, e.Name, problem))
					mu.Unlock()
				}
			})
		}
	}
	all.Wait()
	slices.Sort(failed)
	d.act.Figure("shops visited through each of the edges", float64(len(d.street.shops)), "", 0)
	d.claim(fmt.Sprintf("every shop answers through both edges (%d visits), also over HTTPS with the edges' certificate", visits),
		failed[:min(len(failed), maxShown)]...)
	return nil
}

// look asks for the front page of a shop.
func (d *demo) look(ctx context.Context, client *http.Client, url string, shop load.Shop) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Host = shop.Host
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20)); err != nil {
		return err
	}
	by := response.Header.Get("X-Shopset")
	switch {
	case response.StatusCode != http.StatusOK:
		return errors.New("the answer is " + response.Status)
	case response.Header.Get("X-Shop") != shop.Host:
		return fmt.Errorf("shop %q answered", response.Header.Get("X-Shop"))
	case d.street.tierOf(by) != shop.Tier:
		return fmt.Errorf("ShopSet %q answered, which is not of tier %s", by, shop.Tier)
	}
	return nil
}

func certificates(file string) (*x509.CertPool, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the edges' certificate authority: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("reading the edges' certificate authority: no certificate in %s", file)
	}
	return pool, nil
}

// secureClient finds every host at an edge, as curl --resolve does.
func secureClient(e state.Edge, pool *x509.CertPool) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", strconv.Itoa(e.Ports.HTTPS)))
		},
	}}
}
