#include "client/copy/plan.h"

#include "client/copy/place.h"

namespace passport::copy {

Result<std::vector<CopyWish>> make_wishes(const std::vector<std::string>& words,
                                          bool recursive) {
  std::vector<Place> places;
  for (const auto& word : words) {
    auto place = parse_place(word);
    if (!place) return place.error();
    places.push_back(std::move(*place));
  }
  const auto target = places.back();
  places.pop_back();
  const bool to_folder = places.size() > 1 || (target.path.ends_with('/') && !recursive);
  std::vector<CopyWish> out;
  for (const auto& source : places) {
    if (source.remote() && target.remote())
      return Error{Errc::kUsage,
                   "from one instance to another goes by way of this machine alone",
                   "copy it to a file here, and that one there"};
    if (!source.remote() && !target.remote())
      return Error{Errc::kUsage, "neither end is on an instance", "one of them is HOST:PATH"};
    const auto& host = source.remote() ? source.host : target.host;
    if (out.empty() || out.back().host != host)
      out.push_back({host, {}, target.path, recursive, to_folder, source.remote()});
    out.back().sources.push_back(source.path);
  }
  return out;
}

}  // namespace passport::copy
