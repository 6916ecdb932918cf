package node_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"shopset.dev/shopset/sandbox/internal/node"
)

// roleVariable makes the test binary something else: the node agent, or what runs
// in the pods.
const roleVariable = "NODE_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "agent":
		os.Exit(agentMain())
	case "server":
		os.Exit(serverMain())
	}
	os.Exit(m.Run())
}

// agentMain runs the agent with the configuration in the file that is its argument.
func agentMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	data, err := os.ReadFile(os.Args[1])
	var cfg node.Config
	if err == nil {
		err = json.Unmarshal(data, &cfg)
	}
	if err == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
		err = node.Run(ctx, cfg)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// serverMain is the program of the pods: "exit N", "serve", or "write FILE".
func serverMain() int {
	switch os.Args[1] {
	case "exit":
		fmt.Println("about to exit")
		var code int
		fmt.Sscan(os.Args[2], &code)
		return code
	case "hello":
		fmt.Println("hello from " + os.Getenv("POD_NAME"))
		return 0
	}
	return serve()
}

func serve() int {
	var sick atomic.Bool
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("/sicken", func(http.ResponseWriter, *http.Request) { sick.Store(true) })
	mux.HandleFunc("/env", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, os.Getenv(r.URL.Query().Get("name")))
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, os.Getenv("POD_ROOT")+r.URL.Query().Get("path"))
	})
	mux.HandleFunc("/whoami", whoami)
	fetch := func(w http.ResponseWriter, r *http.Request) { // through HTTP_PROXY, as any program would
		response, err := http.Get(r.URL.Query().Get("url"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer response.Body.Close()
		w.WriteHeader(response.StatusCode)
		io.Copy(w, response.Body)
	}
	mux.HandleFunc("/fetch", fetch)
	if data := os.Getenv("DATA_DIR"); data != "" {
		journal, err := os.OpenFile(filepath.Join(data, "journal"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Fprintln(journal, "start")
		defer fmt.Fprintln(journal, "stop")
	}
	server := &http.Server{Addr: os.Getenv("SANDBOX_BIND_ADDRESS") + ":" + os.Getenv("PORT"), Handler: mux}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Println("serving on", server.Addr)
	if err := server.ListenAndServe(); ctx.Err() == nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("asked to stop")
	return 0
}

// whoami asks the API server, as any in-cluster client would with KUBECONFIG.
func whoami(w http.ResponseWriter, r *http.Request) {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	review, err := client.AuthenticationV1().SelfSubjectReviews().Create(
		r.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	io.WriteString(w, review.Status.UserInfo.Username)
}
