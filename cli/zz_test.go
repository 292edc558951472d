package cli
import ("testing";"testing/fstest";"fmt";"github.com/rogpeppe/go-internal/txtar")
func TestZZ(t *testing.T){
 around,_ := txtar.ParseFile("testdata/fuzz.txtar")
 seeds,_ := txtar.ParseFile("testdata/fuzz-seeds.txtar")
 for _, s := range seeds.Files {
  tree := fstest.MapFS{}
  for _, file := range around.Files { tree[file.Name] = &fstest.MapFile{Data: file.Data, Mode: 0o644} }
  tree["taskcluster/kinds/fuzzed/kind.yml"] = &fstest.MapFile{Data: s.Data, Mode: 0o644}
  tree["taskcluster/config.yml"]=tree["configs/0.yml"]
  out := generateFuzzed(t, Standard(), tree, "3", 1)
  if len(out) > 1500 { out = out[:1500] }
  fmt.Printf("=== %s\n%s\n", s.Name, out)
 }
}
