package edge

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"shopset.dev/shopset/internal/edgestatus"
)

const (
	// soonest is how often the status is written at most, and how often it is compared.
	soonest      = time.Second
	writeTimeout = 5 * time.Second
)

// publish writes the status to the namespace of the tables: when something has changed that others
// wait for, and else now and then. That it cannot be written harms no request.
func (e *Edge) publish(ctx context.Context) {
	ticker := e.clock.NewTicker(soonest)
	defer ticker.Stop()
	var written time.Time
	told, failing := "", false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C():
		case <-e.wake:
		}
		status := e.Status()
		news := tidings(status)
		age := e.clock.Since(written)
		if age < soonest || news == told && age < edgestatus.Every {
			continue
		}
		written = e.clock.Now()
		err := e.write(ctx, status)
		switch {
		case err != nil && ctx.Err() == nil && !failing:
			e.log.Error("the status of this edge is not published; requests are served all the same", "problem", err)
		case err == nil && failing:
			e.log.Info("the status of this edge is published again")
		}
		if failing = err != nil; !failing {
			told = news
		}
	}
}

// tidings is all of a status that should not wait.
func tidings(s Status) string {
	var b strings.Builder
	fmt.Fprint(&b, s.Ready, s.Panic, s.Table.Epoch, s.Table.LoadedAt.UnixNano(), s.Table.Refused != nil)
	for _, o := range s.Overrides {
		fmt.Fprint(&b, " ", o.Match, o.Expired, o.ShopSets)
	}
	for _, t := range s.ShopSets {
		fmt.Fprint(&b, " ", t.Name, t.Healthy, t.Drained, t.Drained && t.InFlight == 0)
	}
	return b.String()
}

func (e *Edge) write(ctx context.Context, status Status) error {
	text, err := edgestatus.Marshal(status)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	m := corev1.ConfigMap(edgestatus.NamePrefix+e.config.Name, e.config.Tables.Namespace).
		WithLabels(map[string]string{edgestatus.LabelKey: "true"}).
		WithData(map[string]string{edgestatus.DataKey: text})
	_, err = e.kube.CoreV1().ConfigMaps(e.config.Tables.Namespace).Apply(ctx, m, metav1.ApplyOptions{FieldManager: "shopset-edge", Force: true})
	if err != nil {
		e.metrics.statusWrites.WithLabelValues("error").Inc()
		return fmt.Errorf("writing ConfigMap %s: %w", *m.Name, err)
	}
	e.metrics.statusWrites.WithLabelValues("ok").Inc()
	return nil
}
