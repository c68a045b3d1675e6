#include "hdf5/schema.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <nlohmann/json.hpp>
#include <set>

#include "base/name_table.hpp"
#include "hdf5/file.hpp"

namespace surf::h5
{

namespace
{

using Json = nlohmann::json;

bool is_pattern(std::string const& key)
{
    return key.find('*') != std::string::npos;
}

bool matches(std::string const& key, std::string const& name)
{
    return ::fnmatch(key.c_str(), name.c_str(), FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

/// The entry of a name or else of a pattern for it; null if the schema does not know it.
Json const* find_entry(Json const& entries, std::string const& name)
{
    if (auto const exact = entries.find(name); exact != entries.end())
    {
        return &*exact;
    }
    for (auto const& [key, entry] : entries.items())
    {
        if (is_pattern(key) && matches(key, name))
        {
            return &entry;
        }
    }
    return nullptr;
}

Json find_schema(std::string const& filetype)
{
    for (std::string_view const text : schema_texts())
    {
        Json schema = Json::parse(text);
        if (schema.at("filetype") == filetype)
        {
            return schema;
        }
    }
    return nullptr;
}

/// "float64", "int8[]".
std::string attribute_type(Layout const& layout)
{
    return std::string(name_of(type_table, layout.type)) + (layout.shape.empty() ? "" : "[]");
}

/// Whether what the entry describes may be missing: an attribute's type ends in "?", a dataset says
/// so.
bool is_optional(Json const& entry)
{
    return entry.is_string() ? entry.get_ref<std::string const&>().ends_with('?')
                             : entry.value("optional", false);
}

/// Dimension names against patterns, of which a last "..." stands for any more.
bool dimensions_match(std::vector<std::string> patterns, std::vector<std::string> const& names)
{
    bool const open_end = !patterns.empty() && patterns.back() == "...";
    if (open_end)
    {
        patterns.pop_back();
    }
    return (open_end ? patterns.size() <= names.size() : patterns.size() == names.size()) &&
           std::equal(patterns.begin(), patterns.end(), names.begin(), matches);
}

/// Walks a file beside its schema.
class Comparison
{
  public:
    explicit Comparison(Json const& schema) : schema_(schema) {}

    void visit(Group const& group, std::string const& path)
    {
        if (Json const* entry = find("groups", path))
        {
            compare_attributes(group, entry->value("attributes", Json::object()), path);
        }
        std::string const prefix = path == "/" ? path : path + "/";
        for (Child const& child : group.children())
        {
            if (child.kind == ChildKind::group)
            {
                visit(group.group(child.name), prefix + child.name);
            }
            else
            {
                visit(group.dataset(child.name), prefix + child.name);
            }
        }
    }

    std::vector<std::string> finish()
    {
        require_all(schema_.at("groups"), visited_, "");
        require_all(schema_.at("datasets"), visited_, "");
        return std::move(violations_);
    }

  private:
    void visit(Dataset const& dataset, std::string const& path)
    {
        Json const* entry = find("datasets", path);
        if (entry == nullptr)
        {
            return;
        }
        std::string const type(name_of(type_table, dataset.layout().type));
        if (type != entry->at("type"))
        {
            report("{}: type {}, not {}", path, type, entry->at("type").get<std::string>());
        }
        std::vector<std::string> const names = dataset.dimension_names();
        if (!dimensions_match(entry->at("dims"), names))
        {
            constexpr auto any_bytes = Json::error_handler_t::replace;
            report("{}: dimensions {}, not {}", path, Json(names).dump(-1, ' ', false, any_bytes),
                   entry->at("dims").dump());
        }
        compare_attributes(dataset, entry->value("attributes", Json::object()), path);
    }

    Json const* find(char const* kind, std::string const& path)
    {
        visited_.insert(path);
        Json const* entry = find_entry(schema_.at(kind), path);
        if (entry == nullptr)
        {
            report("{}: not among the {} of the schema", path, kind);
        }
        return entry;
    }

    void compare_attributes(Object const& object, Json const& entries, std::string const& path)
    {
        std::set<std::string> present;
        for (std::string const& name : object.attribute_names())
        {
            present.insert(name);
            Json const* entry = find_entry(entries, name);
            std::string const type = attribute_type(object.attribute_layout(name));
            if (entry == nullptr)
            {
                report("{}: attribute {} is not in the schema", path, name);
            }
            else if (*entry != type && *entry != type + "?")
            {
                report("{}: attribute {} has type {}, not {}", path, name, type,
                       entry->get<std::string>());
            }
        }
        require_all(entries, present, path + ": attribute ");
    }

    void require_all(Json const& entries, std::set<std::string> const& present,
                     std::string const& prefix)
    {
        for (auto const& [key, entry] : entries.items())
        {
            if (!is_pattern(key) && !is_optional(entry) && !present.contains(key))
            {
                report("{}{} is missing", prefix, key);
            }
        }
    }

    template <class... Parts>
    void report(fmt::format_string<Parts...> text, Parts&&... parts)
    {
        violations_.push_back(fmt::format(text, std::forward<Parts>(parts)...));
    }

    Json const& schema_;
    std::set<std::string> visited_;
    std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> violations(std::filesystem::path const& path)
{
    FileReader const file(path);
    if (!file.root().has_attribute("filetype"))
    {
        return {"/: attribute filetype is missing"};
    }
    auto const filetype = file.root().attribute<std::string>("filetype");
    Json const schema = find_schema(filetype);
    if (schema.is_null())
    {
        return {fmt::format("/: no schema for filetype {}", filetype)};
    }
    // Refuses another layout as a whole: there is no end to what it has otherwise.
    auto const version = schema.at("schema_version").get<std::string>();
    FileReader const of_this_layout(path, {.name = filetype, .major = std::stoi(version)});
    Comparison comparison(schema);
    comparison.visit(file.root(), "/");
    return comparison.finish();
}

}  // namespace surf::h5
