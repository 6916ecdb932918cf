package node_test

import "fmt"

// podManifest is a pod with one container; command and more are lines of it.
func podManifest(name, command, more string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %s}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - name: main
    image: registry.test/server:v1
    env: [{name: PORT, value: "8080"}]
    %s
    %s
`, name, command, more)
}

const statefulSet = `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: http, port: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - name: db
        image: registry.test/server:v1
        args: [serve]
        env: [{name: PORT, value: "8080"}, {name: DATA_DIR, value: /data}]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
        lifecycle: {preStop: {exec: {command: [sh, -c, "echo hook >> /data/journal"]}}}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// job takes a name and an image.
const job = `
apiVersion: batch/v1
kind: Job
metadata: {name: %s}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: "%s", args: [hello]}]
`

// initPod has a first step that must end, a sidecar that must be up for the
// second step, and a main container that reads what was left in a volume.
const initPod = `
apiVersion: v1
kind: Pod
metadata: {name: steps}
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 5
  volumes: [{name: shared, emptyDir: {}}]
  initContainers:
  - name: write
    image: registry.test/server:v1
    command: [sh, -c, "echo one > /shared/log"]
    volumeMounts: [{name: shared, mountPath: /shared}]
  - name: sidecar
    image: registry.test/server:v1
    restartPolicy: Always
    args: [serve]
    env: [{name: PORT, value: "9090"}]
    startupProbe: {httpGet: {path: /healthz, port: 9090}, periodSeconds: 1}
  - name: second
    image: registry.test/server:v1
    command: [sh, -c, "grep one /shared/log && echo two >> /shared/log"]
    volumeMounts: [{name: shared, mountPath: /shared}]
  containers:
  - name: main
    image: registry.test/server:v1
    command: [sh, -c, "grep two /work/dir/log"]
    workingDir: /work
    volumeMounts: [{name: shared, mountPath: /work/dir}]
`
