package yaml

import (
	"fmt"
	"strings"
	"testing"
)

// kindFile gives a kind file of n tasks such as people write.
func kindFile(n int) string {
	var b strings.Builder
	b.WriteString("---\nloader: taskgraph.loader.transform:loader\n\ntransforms:\n  - taskgraph.transforms.run:transforms\n  - taskgraph.transforms.task:transforms\n\ntasks:\n")
	for i := range n {
		fmt.Fprintf(&b, `    test-linux-%d/opt:
        description: "Run the %d. part of the tests"
        worker-type: b-linux
        treeherder:
            symbol: T(%d)
            kind: test
            tier: 1
            platform: linux64/opt
        worker:
            docker-image: {in-tree: desktop-test}
            max-run-time: 3600
            artifacts:
                - type: directory   # all of it
                  name: public/logs
                  path: /builds/worker/logs
        run:
            using: run-task
            use-caches: [checkout, pip]
            command: >-
                cd $VCS_PATH &&
                ./mach test --chunk %d
        fetches:
            build:
                - artifact: target.tar.gz
                  extract: true
`, i, i, i, i)
	}
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	text := kindFile(10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		stream, err := Decode([]byte(text))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Parse(string(stream), Limits{Depth: 100, Nodes: 1 << 30}); err != nil {
			b.Fatal(err)
		}
	}
}
