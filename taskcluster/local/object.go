package local

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// objectKey is where the content of an object is stored.
func objectKey(name string) string { return "o/" + name }

const objectLifetime = 30 * time.Minute // of addresses

func createUpload(c *call) (any, error) {
	in, name := c.data(), c.params["name"]
	project, uploadID, expires := text(in, "projectId"), text(in, "uploadId"), stampOf(in, "expires")
	if err := c.authorize(map[string]string{"projectId": project}, nil); err != nil {
		return nil, err
	}
	proposed, _ := in["proposedUploadMethods"].(object)
	key := objectKey(name)
	c.s.mu.Lock()
	row, exists := c.s.objects.rows[key]
	if exists && (row.UploadID != uploadID || row.ProjectID != project || !row.Expires.Equal(expires.Time)) {
		c.s.mu.Unlock()
		return nil, refuse("RequestConflict", "there is such an object already, of another upload")
	}
	row.ProjectID, row.UploadID, row.Expires, row.Announced = project, uploadID, expires, nil
	put, byURL := proposed["putUrl"].(object)
	if length, ok := put["contentLength"].(float64); ok {
		n := int64(length)
		row.Announced = &n
	}
	if err := row.addHashes(in); err != nil {
		c.s.mu.Unlock()
		return nil, err
	}
	c.s.objects.set(key, row)
	c.s.mu.Unlock()
	reply := object{"projectId": project, "uploadId": uploadID, "expires": expires}
	if inline, ok := proposed["dataInline"].(object); ok {
		content, err := base64.StdEncoding.DecodeString(text(inline, "objectData"))
		if err != nil {
			return nil, refuse("InputError", "objectData is no base64")
		}
		if err := c.s.storeBlob(key, content, text(inline, "contentType"), ""); err != nil {
			return nil, err
		}
		reply["uploadMethod"] = object{"dataInline": true}
		return reply, nil
	}
	if byURL {
		contentType := text(put, "contentType")
		length, _ := put["contentLength"].(float64)
		until := c.now.Add(putLifetime)
		reply["uploadMethod"] = object{"putUrl": object{
			"url": c.s.blobURL(c.root, http.MethodPut, key, contentType, until), "expires": newStamp(until),
			"headers": object{"Content-Type": contentType, "Content-Length": strconv.FormatInt(int64(length), 10), "Content-Encoding": "identity"},
		}}
		return reply, nil
	}
	reply["uploadMethod"] = object{}
	return reply, nil
}

// addHashes notes digests that were announced. One that is known already must be the same.
func (row *storedObject) addHashes(in object) error {
	hashes, _ := in["hashes"].(object)
	for _, algorithm := range sortedKeys(hashes) {
		sum, _ := hashes[algorithm].(string)
		if old := row.Hashes[algorithm]; old != "" && old != sum {
			return refuse("RequestConflict", "another %s was said before", algorithm)
		}
		merged := map[string]string{algorithm: sum}
		for k, v := range row.Hashes {
			merged[k] = v
		}
		merged[algorithm] = sum
		row.Hashes = merged
	}
	return nil
}

func finishUpload(c *call) (any, error) {
	in, name := c.data(), c.params["name"]
	project, uploadID := text(in, "projectId"), text(in, "uploadId")
	if err := c.authorize(map[string]string{"projectId": project}, nil); err != nil {
		return nil, err
	}
	key := objectKey(name)
	content, _, err := c.s.blobs.get(key)
	if err != nil {
		return nil, err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	row, ok := c.s.objects.rows[key]
	switch {
	case !ok:
		return nil, refuse("ResourceNotFound", "there is no object %q", name)
	case row.ProjectID != project:
		return nil, refuse("InputError", "object %q is not of the project %s", name, project)
	case row.UploadID == "":
		hashes, _ := in["hashes"].(object)
		for _, algorithm := range sortedKeys(hashes) {
			if row.Hashes[algorithm] != hashes[algorithm] {
				return nil, refuse("RequestConflict", "object %q is finished, with another %s or none", name, algorithm)
			}
		}
		return object{}, nil
	case row.UploadID != uploadID:
		return nil, refuse("RequestConflict", "object %q has another uploadId than %s", name, uploadID)
	case !row.Stored:
		return nil, refuse("InputError", "object %q has no content yet", name)
	}
	if err := row.addHashes(in); err != nil {
		return nil, err
	}
	sum256, sum512 := sha256.Sum256(content), sha512.Sum512(content)
	for algorithm, sum := range map[string]string{"sha256": hex.EncodeToString(sum256[:]), "sha512": hex.EncodeToString(sum512[:])} {
		// The real service believes the uploader; downloads then fail. Here the mistake shows at once.
		if said := row.Hashes[algorithm]; said != "" && said != sum && row.ContentEncoding == "" {
			return nil, refuse("InputError", "the %s of the content is %s, not %s", algorithm, sum, said)
		}
	}
	row.UploadID = ""
	c.s.objects.set(key, row)
	return object{}, nil
}

// finished gives an object that can be read.
func (c *call) finished() (storedObject, string, error) {
	key := objectKey(c.params["name"])
	row, ok := c.s.objects.rows[key]
	if !ok || row.UploadID != "" || !row.Stored || row.Expires.Before(c.now) {
		return row, key, refuse("ResourceNotFound", "there is no object %q", c.params["name"])
	}
	return row, key, nil
}

func startDownload(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	row, key, err := c.finished()
	if err != nil {
		return nil, err
	}
	accepted, _ := c.data()["acceptDownloadMethods"].(object)
	until := c.now.Add(objectLifetime)
	address := c.s.blobURL(c.root, http.MethodGet, key, "", until)
	if _, ok := accepted["getUrl"]; ok {
		hashes := row.Hashes
		if hashes == nil {
			hashes = map[string]string{}
		}
		return object{"method": "getUrl", "url": address, "expires": newStamp(until), "hashes": hashes}, nil
	}
	if _, ok := accepted["simple"]; ok {
		return object{"method": "simple", "url": address}, nil
	}
	return nil, refuse("NoMatchingMethod", "downloads are possible with simple and getUrl")
}

func objectMetadata(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	row, _, err := c.finished()
	if err != nil {
		return nil, err
	}
	hashes := row.Hashes
	if hashes == nil {
		hashes = map[string]string{}
	}
	return object{"projectId": row.ProjectID, "expires": row.Expires, "hashes": hashes}, nil
}

func downloadObject(c *call) (any, error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	_, key, err := c.finished()
	if err != nil {
		return nil, err
	}
	address := c.s.blobURL(c.root, http.MethodGet, key, "", c.now.Add(objectLifetime))
	return &answer{status: http.StatusSeeOther, header: http.Header{"Location": {address}}, body: object{"url": address}}, nil
}
